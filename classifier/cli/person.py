"""Who runs a command, as the trail records it."""

import getpass
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifier.review.permissions import Actor, Role


def actor_of(role: "Role") -> "Actor":
    """The person at the terminal in a role: who may run commands on the server has them all."""
    from classifier.review.permissions import Actor

    return Actor(f"cli:{_user()}", frozenset({role}))


def _user() -> str:
    """Who runs the command, as the operating system knows it: the environment may say anything."""
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
