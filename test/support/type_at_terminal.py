"""Runs a program at a terminal of its own and types what it asks for: JSON in, JSON out.

In: argv, env, answers (pairs: what is waited for on the terminal, what is typed then).
Out: output (all that the terminal showed), code (as the shell would say it), echo (whether the terminal shows again what is typed).
"""

import json
import os
import pty
import select
import sys
import termios
import time

asked = json.load(sys.stdin)
leader, follower = pty.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    os.close(leader)
    for number in (0, 1, 2):
        os.dup2(follower, number)
    # The first terminal that a leader of a session opens becomes its own.
    os.close(os.open(os.ttyname(0), os.O_RDWR))
    os.execvpe(asked["argv"][0], asked["argv"], asked["env"])

output = b""
seen = 0
answers = list(asked["answers"])
ended = None
deadline = time.monotonic() + 200
while time.monotonic() < deadline:
    ready, _, _ = select.select([leader], [], [], 0.2)
    if ready:
        output += os.read(leader, 65536)
    elif ended is not None:
        break
    if answers and answers[0][0].encode() in output[seen:]:
        seen = len(output)
        os.write(leader, answers.pop(0)[1].encode())
    if ended is None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            ended = os.waitstatus_to_exitcode(status)
if ended is None:
    os.kill(pid, 9)

echo = bool(termios.tcgetattr(follower)[3] & termios.ECHO)
print(json.dumps({"output": output.decode(errors="replace"), "code": ended, "echo": echo}))
