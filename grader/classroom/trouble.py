"""What is said to the instructor when something cannot be done."""


class Trouble(Exception):
    """One sentence: what is wrong, where, and what to do."""
