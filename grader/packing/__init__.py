"""What an instructor hands out, made from this tree.

    make handout                  the students' package: a folder and a tar file
    make release LAB=3            the same with labs 1 to 3
    make reference LAB=2          the reference of a past lab, to go on with
    make gradescope               and other packages for graders elsewhere

    files.py       which files, and what each says
    archive.py     folders, tar and zip files: the same bytes every time
    leaks.py       no line of the solution among them
    reference.py   a stage of the reference, as source or as objects
    autograders.py packages for Gradescope, Autolab, PrairieLearn, GitHub
"""
