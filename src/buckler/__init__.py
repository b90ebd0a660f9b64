"""Buckler: a Python web application that is fast and secure, and both proved with numbers."""

from buckler.guard import Guard, off
from buckler.protections import CSRF, BodyLimit, Deadline, Hosts, NoSniff

__all__ = ["CSRF", "BodyLimit", "Deadline", "Guard", "Hosts", "NoSniff", "off"]
__version__ = "0.1.0"
