"""Sets Keycel up. Standard library only: it must run before anything is installed."""
