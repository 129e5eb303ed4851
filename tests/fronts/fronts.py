"""The front servers: which file under docs/fronts each is started from, and how.

What a recipe says is used as it stands there. Only the address to listen on, the bridge's address
and the host name are put in their places, and each has to be found; what a distribution's own file
says around it is in the `around` of a front.
"""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

RECIPES = Path(__file__).resolve().parents[2] / "docs" / "fronts"
# Where Debian keeps programs that not every user has on the path.
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_BRIDGE = "127.0.0.1:8780"
_HOST = "api.example"


@dataclass(frozen=True)
class Place:
    """Where one front is to run.

    Attributes:
        folder: Its own, for everything that it writes.
        port: Where it has to listen, on 127.0.0.1.
        bridge: The port of what is behind it.
        host: The name that pages call it by, without a port.
    """

    folder: Path
    port: int
    bridge: int
    host: str

    def recipe(self, name: str, listen: Mapping[str, str]) -> str:
        """Read a recipe; `listen` says what to write for which of its words.

        Raises:
            LookupError: The recipe has not these words any more.
        """
        text = (RECIPES / name).read_text("utf-8")
        for old, new in listen.items():
            if old not in text:
                raise LookupError(f"docs/fronts/{name} has no {old!r}")
            text = text.replace(old, new)
        return text.replace(_BRIDGE, f"127.0.0.1:{self.bridge}").replace(_HOST, self.host)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path


@dataclass(frozen=True)
class Front:
    """One front server.

    Attributes:
        name: As people call it.
        program: What has to be installed.
        package: The Debian package that has it.
        recipes: Its files under docs/fronts.
        command: Writes its files and returns what to run, in the foreground.
        version: Its arguments for telling its version.
        user: Whose process it becomes where root starts it.
    """

    name: str
    program: str
    package: str
    recipes: tuple[str, ...]
    command: Callable[[str, Place], list[str]]
    version: str = "-v"
    user: str | None = None
    environment: Callable[[Place], dict[str, str]] = field(default=lambda place: {})

    @property
    def path(self) -> str | None:
        return shutil.which(self.program, path=_PATH)

    @property
    def missing(self) -> str:
        """What to say where it is not installed."""
        return f"{self.name} is not installed: apt-get install {self.package}"

    def start(self, place: Place) -> tuple[list[str], dict[str, str]]:
        """Write its files; return the command and its environment."""
        assert self.path is not None
        if self.user is not None and os.geteuid() == 0:
            entry = pwd.getpwnam(self.user)
            os.chown(place.folder, entry.pw_uid, entry.pw_gid)
        command = self.command(self.path, place)
        return command, {**os.environ, **self.environment(place)}


def _nginx(program: str, place: Place) -> list[str]:
    recipe = place.recipe("nginx.conf", {"listen 80;": f"listen 127.0.0.1:{place.port};"})
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {place.folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    path = place.write(
        "nginx.conf",
        f"{user}daemon off;\nworker_processes 1;\npid {place.folder}/pid;\nerror_log stderr warn;\n"
        "events { worker_connections 256; }\n"
        f"http {{\naccess_log off;\n{temporary}{recipe}\n}}\n",
    )
    return [program, "-e", "stderr", "-p", str(place.folder), "-c", str(path)]


APACHE_MODULES = ("mpm_event", "authz_core", "headers", "proxy", "proxy_http", "unique_id")


def apache_around(place: Place, modules: tuple[str, ...] = APACHE_MODULES) -> str:
    """Write what stands around a virtual host; the log of errors is `error.log`."""
    folder = "/usr/lib/apache2/modules"
    built_in = "\n".join(f"LoadModule {name}_module {folder}/mod_{name}.so" for name in modules)
    return (
        f"ServerRoot {place.folder}\nServerName {place.host}\nListen 127.0.0.1:{place.port}\n"
        f"PidFile {place.folder}/pid\nDefaultRuntimeDir {place.folder}\n"
        f"ErrorLog {place.folder}/error.log\nLogLevel warn\n{built_in}\n"
        "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25\n"
        "User www-data\nGroup www-data\n"
    )


def apache_recipe(place: Place) -> str:
    return place.recipe("apache.conf", {"*:80>": f"127.0.0.1:{place.port}>"})


def _apache(program: str, place: Place) -> list[str]:
    path = place.write("apache.conf", apache_around(place) + apache_recipe(place))
    return [program, "-D", "FOREGROUND", "-f", str(path)]


def _haproxy(program: str, place: Place) -> list[str]:
    recipe = place.recipe("haproxy.cfg", {"bind :80": f"bind 127.0.0.1:{place.port}"})
    return [program, "-q", "-db", "-f", str(place.write("haproxy.cfg", "global\n" + recipe))]


def _lighttpd(program: str, place: Place) -> list[str]:
    included = place.write(
        "recipe.conf",
        place.recipe("lighttpd.conf", {'"port" => 8780': f'"port" => {place.bridge}'}),
    )
    # Debian's own file is what the recipe has to replace; its user and its port are not ours.
    debian = Path("/etc/lighttpd/lighttpd.conf").read_text("utf-8")
    skipped = ("include", "server.pid-file", "server.user", "server.group", "server.upload-dirs")
    lines = [line for line in debian.splitlines() if not line.startswith(skipped)]
    own = {
        "server.port": f'server.port = {place.port}\nserver.bind = "127.0.0.1"',
        "server.errorlog": f'server.errorlog = "{place.folder}/error.log"',
        "server.document-root": f'server.document-root = "{place.folder}"',
    }
    around = "\n".join(
        next((new for name, new in own.items() if line.startswith(name)), line) for line in lines
    )
    uploads = f'server.upload-dirs = ( "{place.folder}" )\n'
    path = place.write("lighttpd.conf", f'{around}\n{uploads}include "{included}"\n')
    return [program, "-D", "-f", str(path)]


def _varnish(program: str, place: Place) -> list[str]:
    recipe = place.recipe("varnish.vcl", {'"8780"': f'"{place.bridge}"'})
    path = place.write("default.vcl", recipe)
    listen = f"127.0.0.1:{place.port}"
    here = str(place.folder / "varnish")
    return [program, "-F", "-j", "none", "-n", here, "-a", listen, "-f", str(path), "-T", "none"]


def _caddy(program: str, place: Place) -> list[str]:
    listen = f"http://:{place.port} {{"
    recipe = place.recipe("Caddyfile", {f"{_HOST} {{": listen})
    path = place.write("Caddyfile", "{\n\tadmin off\n}\n" + recipe)
    return [program, "run", "--adapter", "caddyfile", "--config", str(path)]


def _traffic_server(program: str, place: Place) -> list[str]:
    own = place.folder / "etc"
    shutil.copytree("/etc/trafficserver", own)
    for name in ("var", "log", "run", "cache"):
        (place.folder / name).mkdir()
    records = place.recipe(
        "trafficserver-records.config",
        {"server_ports STRING 80": f"server_ports STRING {place.port}:ip-in=127.0.0.1"},
    )
    # Of two lines with one name the last counts.
    distribution = (own / "records.config").read_text("utf-8")
    no_helper = "CONFIG proxy.config.crash_log_helper STRING NULL\n"
    (own / "records.config").write_text(distribution + no_helper + records, "utf-8")
    (own / "remap.config").write_text(place.recipe("trafficserver-remap.config", {}), "utf-8")
    headers = place.recipe("trafficserver-headers.config", {})
    (own / "xdr-bridge.config").write_text(headers, "utf-8")
    (own / "storage.config").write_text(f"{place.folder}/cache 64M\n", "utf-8")
    runroot = place.write(
        "runroot.yaml",
        "prefix: /usr\nexec_prefix: /usr\nbindir: /usr/bin\nsbindir: /usr/sbin\n"
        f"sysconfdir: {own}\ndatadir: {place.folder}/cache\nincludedir: /usr/include\n"
        "libdir: /usr/lib/trafficserver\nlibexecdir: /usr/lib/trafficserver/modules\n"
        f"localstatedir: {place.folder}/var\nruntimedir: {place.folder}/run\n"
        f"logdir: {place.folder}/log\ncachedir: {place.folder}/cache\n",
    )
    if os.geteuid() == 0:
        for path in (place.folder, *place.folder.rglob("*")):
            shutil.chown(path, "trafficserver")
    return [program, f"--run-root={runroot}"]


def _nghttpx(program: str, place: Place) -> list[str]:
    recipe = place.recipe(
        "nghttpx.conf",
        {
            "frontend=*,80;": f"frontend=127.0.0.1,{place.port};",
            "127.0.0.1,8780": f"127.0.0.1,{place.bridge}",
        },
    )
    path = place.write("nghttpx.conf", recipe + "\nworkers=1\n")
    return [program, f"--conf={path}", "--errorlog-file=/dev/stderr", "--accesslog-file=/dev/null"]


def _squid(program: str, place: Place) -> list[str]:
    recipe = place.recipe(
        "squid.conf",
        {
            "http_port 80 ": f"http_port 127.0.0.1:{place.port} ",
            "127.0.0.1 parent 8780 ": f"127.0.0.1 parent {place.bridge} ",
        },
    )
    files = f"{place.folder}/"
    path = place.write(
        "squid.conf",
        f"{recipe}\nvisible_hostname front\npid_filename {files}pid\ncache_log {files}cache.log\n"
        f"access_log none\ncoredump_dir {files}\npinger_enable off\nshutdown_lifetime 0 seconds\n"
        f"cache_store_log none\nnetdb_filename none\n",
    )
    return [program, "-N", "-f", str(path), "-n", f"front{place.port}"]


FRONTS = (
    Front("nginx", "nginx", "nginx", ("nginx.conf",), _nginx),
    Front("Apache", "apache2", "apache2", ("apache.conf",), _apache),
    Front("HAProxy", "haproxy", "haproxy", ("haproxy.cfg",), _haproxy),
    Front("lighttpd", "lighttpd", "lighttpd", ("lighttpd.conf",), _lighttpd),
    Front("Varnish", "varnishd", "varnish", ("varnish.vcl",), _varnish, version="-V"),
    Front(
        "Caddy",
        "caddy",
        "caddy",
        ("Caddyfile",),
        _caddy,
        version="version",
        environment=lambda place: {
            "HOME": str(place.folder),
            "XDG_DATA_HOME": str(place.folder),
            "XDG_CONFIG_HOME": str(place.folder),
        },
    ),
    Front(
        "Traffic Server",
        "traffic_server",
        "trafficserver",
        (
            "trafficserver-records.config",
            "trafficserver-remap.config",
            "trafficserver-headers.config",
        ),
        _traffic_server,
        version="--version",
    ),
    Front("nghttpx", "nghttpx", "nghttp2-proxy", ("nghttpx.conf",), _nghttpx),
    Front("Squid", "squid", "squid", ("squid.conf",), _squid, user="proxy"),
)
