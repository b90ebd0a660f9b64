"""Stores: which mechanism shares the state of one machine best, and what it does when a process is stopped or killed."""
