"""The sockets on which the bridge listens: bound here, once, and served by one process or more."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import MutableMapping

# How many connections may wait to be accepted, where the system allows as many: those that come
# while workers are replaced wait there.
BACKLOG = 1024
# sd_listen_fds(3): where inherited sockets begin.
_FIRST_INHERITED = 3


def inherited(environ: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """Return the sockets that systemd, or who does as it does, has bound for this process.

    The protocol is that of sd_listen_fds(3). The variables that announce them are taken away, lest
    a process of ours takes them for its own.

    Args:
        environ: The environment.

    Raises:
        OSError: One of them is no TCP socket to listen on.
    """
    count, process = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if process != str(os.getpid()) or not count.isdecimal():
        return []
    found: list[socket.socket] = []
    try:
        for number in range(_FIRST_INHERITED, _FIRST_INHERITED + int(count)):
            os.set_inheritable(number, False)
            found.append(socket.socket(fileno=number))
            if found[-1].family not in (socket.AF_INET, socket.AF_INET6):
                raise OSError
            found[-1].setblocking(False)
            found[-1].listen(BACKLOG)
    except OSError as error:
        for listening in found:
            listening.close()
        why = f"LISTEN_FDS: file descriptor {number} is no TCP socket to listen on"
        raise OSError(errno.EBADF, why) from error
    return found


def bind(
    host: str, port: int, *, backlog: int = BACKLOG, option: str = "--port"
) -> list[socket.socket]:
    """Listen on an address; on several sockets, of one port, where the name stands for several.

    Args:
        host: Name or address.
        port: Where to listen; 0 takes a free one.
        backlog: How many connections may wait to be accepted.
        option: The option that names the port, for who reads that it is taken.

    Raises:
        OSError: The address cannot be bound.
    """
    bound: list[socket.socket] = []
    try:
        kind, flags = socket.SOCK_STREAM, socket.AI_PASSIVE
        found = socket.getaddrinfo(host, port, type=kind, flags=flags)
        # IPv4 first: its port is the one that is told where a free one is taken.
        for family, _, protocol, _, address in sorted(dict.fromkeys(found), key=lambda f: f[0]):
            if host == "localhost" and family == socket.AF_INET6 and address[3:4] != (0,):
                # Support: macOS, whose localhost is fe80::1%lo0 as well.
                continue
            port = bound[0].getsockname()[1] if bound else port
            try:
                bound.append(_listen(family, protocol, (address[0], port, *address[2:]), backlog))
            except OSError as error:
                # A container often knows ::1 by the name of localhost, but has no IPv6.
                absent = error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
                if not (absent and host == "localhost" and family == socket.AF_INET6 and bound):
                    raise
    except OSError as error:
        for listening in bound:
            listening.close()
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            reason += f"; {option} names another"
        raise OSError(error.errno, f"cannot listen on {host}, port {port}: {reason}") from error
    return bound


def _listen(
    family: int, protocol: int, address: tuple[str | int, ...], backlog: int
) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM, protocol)
    try:
        if os.name != "nt":
            # Windows means another thing by the name: to share the port with whoever has it.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Systems differ in whether :: is 0.0.0.0 as well; where both are meant, both are bound.
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    return listening
