"""Grades a class: what stands behind grader/grade-class.

    entries.py   what lies in the folder of submissions, and whose it is
    unpack.py    copies or unpacks one of them, trusting nothing
    content.py   where its stages are; its hash
    key.py       by what it is known that a grade is done
    one.py       grades one submission into its folder of results
    crew.py      many of them, side by side
    store.py     reads a folder of results
    marks.py     results, overrides and lateness -> marks
    items.py     statistics of tests; again.py compares two grades
    closing.py   writes all that a class gets, from the folder of results alone
    cli.py       the command

Grading one submission shares nothing with any other, so that a class can be
spread over processes or machines; everything that looks at the class as a
whole reads the folder of results afterwards.
"""
