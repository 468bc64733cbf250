# SPDX-License-Identifier: MIT
# Bounded copies of both widths, lengths of security descriptors: checked by a driver, with the run-time that drivers get.
. "$(dirname "$0")/lib.sh"
driver texts 370130
echo list >s
fb run -f texts --memory --script s
exits 0
says_not "wrong, line"
