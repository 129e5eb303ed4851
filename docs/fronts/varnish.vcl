# Varnish: /etc/varnish/default.vcl
vcl 4.1;

backend xdr_bridge {
    .host = "127.0.0.1";
    .port = "8780";
    # Streams may be quiet for an hour.
    .first_byte_timeout = 3600s;
    .between_bytes_timeout = 3600s;
}

sub vcl_recv {
    # X-Forwarded-For comes by itself. "https" where TLS ends in front of Varnish, which has none.
    set req.http.X-Forwarded-Proto = "http";
    # Only for a bridge under a prefix.
    set req.url = regsub(req.url, "^/bridge/", "/");
    # A Windows log-in counts for one connection: pass it through alone.
    if (req.http.Authorization ~ "(?i)^(NTLM|Negotiate) ") {
        return (pipe);
    }
    # Otherwise native GETs of an API that says nothing about caching would be kept for two minutes.
    return (pass);
}
