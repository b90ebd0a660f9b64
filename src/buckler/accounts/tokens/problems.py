"""What all kinds of tokens have in common to be refused with."""

from __future__ import annotations

from buckler.accounts.problems import Problem

TOKEN_INVALID = Problem(
    "account.token_invalid", 401, "The token is not valid.", "It may have expired or been ended. Make a new one, or sign in again."
)
TOKEN_LIMITED = Problem("account.token_limited", 429, "This token was used too often.", "Try again in {seconds} seconds.")
TOKEN_UNKNOWN = Problem("account.token_unknown", 404, "There is no such token.", "It may have been ended already. Load the page again.")
TOKENS_MANY = Problem("account.tokens_many", 409, "You have {most} tokens already.", "End one that you no longer need.")
TOKEN_NAME = Problem("account.token_name", 422, "The name cannot be used.", "Give a name of at most {most} characters.")
TOKEN_DAYS = Problem("account.token_days", 422, "The token cannot live so long.", "Give a number of days from 1 to {most}.")
TOKEN_RATE = Problem("account.token_rate", 422, "The limit cannot be used.", "Give a number of requests a minute from 1 to {most}.")
UNAVAILABLE = Problem("account.unavailable", 503, "Tokens cannot be checked at the moment.", "Try again in a few seconds.")
RETRY_S = 5.0  # of UNAVAILABLE
