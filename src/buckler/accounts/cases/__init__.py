"""What accounts stop, as cases: played on accounts as they are, where no attack may succeed, and on an application that makes every
one of these mistakes, where each must.

They speak of people by what a target fills in: `{email}` and `{password}` of somebody with a password alone; `{careful_email}`,
`{careful_password}` and `{code}`, a code of now, of somebody with an authenticator app; `{own_email}` and `{own_password}` of the
attacker, who has an account too; `{stranger}`, an address without an account whose mail arrives where the tester reads it; `{link}`, the
token of the link in the newest mail; `{public_key}`, on a site whose access tokens others verify. Passwords that a case sets are its own.
`Place.PRIVATE` and `Place.WRITE` are routes of the application: the first takes tokens for `articles:read`, the second for
`articles:write`.

A case is sequential. That of many at once one wins is shown by tests, against real databases.
"""

from buckler.accounts.cases import ends, forged, freshness, guessing, honest, leading, mails, programs, second, telling

# part → its cases, in the order of the documentation
PARTS = {
    "Guessing": guessing.CASES,
    "Telling who has an account": telling.CASES,
    "The second factor": second.CASES,
    "Being led away, and signed in by others": leading.CASES,
    "Freshness": freshness.CASES,
    "Tokens": programs.CASES,
    "Forged tokens": forged.CASES,
    "Links in mails": mails.CASES,
    "Sessions and their end": ends.CASES,
    "Honest people": honest.CASES,
}
CASES = tuple(case for cases in PARTS.values() for case in cases)
