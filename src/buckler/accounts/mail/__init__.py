"""Letters to people: written in their language, sent in the background, by SMTP or, in development, into a folder."""

from buckler.accounts.mail.folder import MailFolder, Received
from buckler.accounts.mail.outbox import Outbox
from buckler.accounts.mail.post import MailError, Post
from buckler.accounts.mail.smtp import SMTP

__all__ = ["SMTP", "MailError", "MailFolder", "Outbox", "Post", "Received"]
