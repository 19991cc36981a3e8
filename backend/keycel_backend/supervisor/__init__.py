"""The supervisor: sockets, journal, frame store, job queue and the watch over the worker process.

Standard library, pyzmq, zstandard and psutil only; never arrays or torch, so that it starts in a
blink and survives whatever an engine does.
"""
