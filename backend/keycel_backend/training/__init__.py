"""Making and training the learned parts; nothing here runs at an artist's desk."""
