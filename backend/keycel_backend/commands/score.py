"""`keycel score`: measure coloured frames against the truth."""
