#!/bin/sh
# PrairieLearn's entry point: grades /grade/student, writes /grade/results.
base=${GRADE:-/grade}
cd "$base/serverFilesCourse/conclave" || exit 1
PYTHONPATH=grader exec python3 -B -m classroom.adapters.drive \
    prairielearn "$base/student" "$base/results"
