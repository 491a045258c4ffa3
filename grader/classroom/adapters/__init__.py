"""The one result of a grade, in the words of others.

    grader/convert markdown result.json            to be read
    grader/convert gradescope result.json -o results.json

Each module here makes one form out of what grader/grade --json has written:

    gradescope.py    Gradescope's results.json
    prairielearn.py  PrairieLearn's results.json of an external grader
    autolab.py       Autolab's feedback, with its last line of scores
    github.py        what GitHub Classroom's reporter takes
    tap.py           TAP 14
    markdown.py      a summary, for a job's page or a pull request

    common.py        what they share; what students see of hidden tests
    drive.py         grades one submission where another system calls us
"""
