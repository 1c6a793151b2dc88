"""Showing how to sign in as one of the demonstration's users. Their passwords are the home's own."""

from collections.abc import Sequence

from aurora_api.access.demo_users import DemoUser
from aurora_api.commands.console import console


def print_demo_users(users: Sequence[DemoUser]) -> None:
    """A line a user, or nothing."""
    if users:
        console.print("\nSign in (mutation login) as one of the demonstration's users:")
    for user in users:
        console.print(f"  {user.role:<8} {user.username:<16} {user.password}", highlight=False)
