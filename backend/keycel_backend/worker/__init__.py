"""The worker: a process of its own that runs engines, one order at a time.

It may crash, run out of memory or be killed at any moment; everything that it has reported is
in the frame store already.
"""
