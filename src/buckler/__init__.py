"""Buckler: a Python web application that is fast and secure, and both proved with numbers."""

from buckler.guard import Guard, off
from buckler.protections import CSRF, BodyLimit, Deadline, Hosts, NoSniff, RateLimit, Sessions

__all__ = ["CSRF", "BodyLimit", "Deadline", "Guard", "Hosts", "NoSniff", "RateLimit", "Sessions", "off"]
__version__ = "0.1.0"
