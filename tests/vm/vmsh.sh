# SPDX-License-Identifier: Apache-2.0
# Runs in the VM as vmsh.service: a shell on the second serial port, driven by tests/vm/vm.py.
stty -F /dev/ttyS1 raw -echo
export HOME=/root LANG=C.UTF-8
cd /root
echo VMSH-READY
# Through a pipe, so that bash neither prompts nor edits lines.
cat /dev/ttyS1 | bash --norc --noprofile -s
