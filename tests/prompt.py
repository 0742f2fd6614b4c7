"""Asks the program for a password on a terminal of our own: no echo at the prompt, echo after each way to end it."""
import fcntl, os, pty, signal, sys, termios, time

def echo(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)

def trial(end, expected):
    master, slave = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.environ.pop("SSTP_DIAG_PASSWORD", None)
        os.execv(sys.argv[1], [sys.argv[1], "probe", "127.0.0.1:9", "--no-proxy", "--until", "dns", "--user", "alice"])
    shown = b""
    while b"Password of alice: " not in shown:
        shown += os.read(master, 1024)
    assert not echo(slave), "echo at the prompt"
    if isinstance(end, bytes):
        os.write(master, end)
    else:
        os.kill(pid, end)
    for _ in range(200):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    assert done, (end, "did not end")
    assert echo(slave), (end, "no echo after it")
    assert os.WEXITSTATUS(status) == expected, (end, status)
    os.set_blocking(master, False)
    rest = os.read(master, 65536)
    assert b"s3cret" not in rest, rest
    os.close(slave)
    os.close(master)

trial(b"\x03", 130)
trial(signal.SIGINT, 130)
trial(signal.SIGTERM, 130)
trial(b"\n", 2)
trial(b"\x04", 2)
trial(b"s3cret\n", 0)
