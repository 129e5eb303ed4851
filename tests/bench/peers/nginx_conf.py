"""nginx as the API, and nginx as a peer: their configurations."""

from __future__ import annotations

from pathlib import Path

SMALL = b'{"items":[' + b",".join(b'{"id":%03d,"name":"teapot"}' % i for i in range(37)) + b"]}"
LARGE_BYTES = 64 * 1024

_COMMON = """
daemon off;
worker_processes 1;
pid {folder}/{name}.pid;
error_log {folder}/{name}.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/{name}-body;
    proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-f;
    uwsgi_temp_path {folder}/{name}-u;
    scgi_temp_path {folder}/{name}-s;
    keepalive_requests 1000000000;
    keepalive_timeout 300;
    tcp_nodelay on;
    default_type application/json;
    {rest}
}}
"""

_API = """
    upstream self {{ server 127.0.0.1:{port}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location /small.json {{ return 200 '{small}'; }}
        location /large.json {{ root {folder}; open_file_cache max=8; }}
        location /huge.bin {{ root {folder}; sendfile on; }}
        # Reads the whole body before it answers.
        location /upload {{
            client_max_body_size 1m;
            client_body_buffer_size 256k;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://self/small.json;
        }}
    }}
"""

_PROXY = """
    upstream api {{ server 127.0.0.1:{api_port}; keepalive 512; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        client_max_body_size 0;
        client_body_buffer_size 256k;
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_pass http://api;
            add_header Access-Control-Allow-Origin $http_origin;
        }}
    }}
"""


def write_api(folder: Path, port: int) -> Path:
    """Write the API's configuration and its files."""
    (folder / "large.json").write_bytes((SMALL * (LARGE_BYTES // len(SMALL) + 1))[:LARGE_BYTES])
    with (folder / "huge.bin").open("wb") as huge:
        huge.truncate(1 << 30)
    rest = _API.format(port=port, folder=folder, small=SMALL.decode())
    return _write(folder, "api", rest)


def write_proxy(folder: Path, port: int, api_port: int) -> Path:
    """Write the configuration of nginx as a proxy with kept connections."""
    return _write(folder, "proxy", _PROXY.format(port=port, api_port=api_port))


def _write(folder: Path, name: str, rest: str) -> Path:
    path = folder / f"{name}.conf"
    path.write_text(_COMMON.format(folder=folder, name=name, rest=rest), encoding="utf-8")
    return path
