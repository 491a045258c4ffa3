#!/bin/sh
# Gradescope runs this once, as root, when the autograder's image is built.
set -e
cd "${AUTOGRADER:-/autograder}/source"

grader/needs
# The strongest sandbox that grading knows; without it the next best is taken.
if command -v apt-get >/dev/null && ! command -v bwrap >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q bubblewrap ||
        echo "no bubblewrap: submissions run as another user instead"
fi
# What every submission shares is compiled now, once.
make tools sim nodes
