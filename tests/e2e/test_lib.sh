# SPDX-License-Identifier: MIT
# The tests' own library: a check that fails makes its test fail.
. "$(dirname "$0")/lib.sh"
LIB=$SOURCE/tests/e2e/lib.sh
bash -c '. "$0"; check fine true' "$LIB" >out 2>&1
check "a check that holds" [ "$? $(cat out)" = "0 1 checks, 0 failed" ]
bash -c '. "$0"; check wrong false; check fine true' "$LIB" >out 2>&1
check "a check that fails, not the last one" [ "$? $(tail -n 1 out)" = "1 2 checks, 1 failed" ]
bash -c '. "$0"; true; exit 77' "$LIB" >out 2>&1
check "a test that is skipped" [ $? = 77 ]
