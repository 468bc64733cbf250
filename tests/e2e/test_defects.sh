# SPDX-License-Identifier: MIT
# ctest-labels: conformance
# Small drivers with one mistake each: every one is found, with its code and its line, and nothing else is.
. "$(dirname "$0")/lib.sh"
mkdir defects
python3 "$SOURCE/tests/drivers/defects/defects.py" "$FILTERBED" "$WORK/defects" "$@"
check "every defect is found where it is" test $? -eq 0
