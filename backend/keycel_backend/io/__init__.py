"""Reading shots (folders of pictures, `.kra` documents) and writing results."""
