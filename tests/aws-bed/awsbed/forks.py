"""Beds at once: one process has loaded what every bed needs, which takes seconds, and each bed is a fork of it.

`tools/aws-bed --forks DESCRIPTOR` is that process; the descriptor is of a socket that listens already, so that whoever
connects early waits. It ends with its standard input. Whoever connects sends the arguments of a bed as JSON with the
descriptors of its standard input, output and errors, and holds the connection for as long as the bed shall live; it is
closed by the bed when it ends.
"""
import json
import os
import select
import signal
import socket
import traceback


def _become(connection, listener, run):
    """In the child: a bed, as if whoever asks had started it."""
    listener.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    run(json.loads(message), lambda: connection.recv(1))


def serve(descriptor, run):
    """`run(arguments, wait)`: is a bed until wait() returns."""
    listener = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave no zombies
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready and not os.read(0, 4096):
            return
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        if os.fork() == 0:
            try:
                _become(connection, listener, run)
            except BaseException:  # what is raised here would end in the loop of the parent
                traceback.print_exc()
            finally:
                os._exit(1)
        connection.close()
