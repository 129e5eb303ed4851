"""Public suffixes: names under which anybody can have a name of their own.

A small frozen extract of https://publicsuffix.org/list/, not the list: it names the ones that
stand in real configurations. What it misses is the operator's to know.
"""

from __future__ import annotations

import re

# "co.uk", "com.au", "ne.jp": how country registries set aside second-level names.
_COUNTRY_SECOND_LEVEL = re.compile(
    r"(?:ac|asso|co|com|ed|edu|gen|go|gob|gouv|gov|gv|id|idv|ind|info|ltd|me|mil|net|ne|nhs|nom|"
    r"or|org|plc|pp|sch|school|web)\.[a-z]{2}"
)

_HOSTING_NAMES = """
    000webhostapp.com a.run.app amplifyapp.com app.github.dev appspot.com awsapprunner.com
    azure-api.net azurecontainerapps.io azureedge.net azurestaticapps.net azurewebsites.net
    b-cdn.net backblazeb2.com bitbucket.io blob.core.windows.net blogspot.com cloudapp.azure.com
    cloudapp.net cloudfront.net cloudfunctions.net codeberg.page csb.app ddns.net deno.dev
    digitaloceanspaces.com duckdns.org dyndns.org elasticbeanstalk.com elb.amazonaws.com
    execute-api.amazonaws.com fastly.net firebaseapp.com fly.dev framer.app framer.website
    freemyip.com ghost.io github.dev github.io githubpreview.dev githubusercontent.com gitlab.io
    gitpod.io glitch.me goip.de herokuapp.com hf.space ddnsfree.com ipfs.dweb.link
    loca.lt localtunnel.me lovable.app myshopify.com neocities.org netlify.app ngrok-free.app
    ngrok-free.dev ngrok.app ngrok.dev ngrok.io nip.io no-ip.org notion.site on-aws.com
    ondigitalocean.app onrender.com oraclecloudapps.com pages.dev pantheonsite.io pythonanywhere.com
    r2.dev railway.app readthedocs.io repl.co replit.app replit.dev run.app s3.amazonaws.com
    scw.cloud shopifypreview.com sslip.io stackblitz.io storage.googleapis.com streamlit.app
    supabase.co surge.sh translate.goog trafficmanager.net trycloudflare.com ts.net tumblr.com
    up.railway.app usercontent.goog vercel.app vercel.dev web.app web.core.windows.net
    webcontainer.io webflow.io weebly.com wixsite.com wixstudio.com wordpress.com workers.dev
"""
_HOSTING = frozenset(_HOSTING_NAMES.split())
# The parents, too: whoever trusts *.amazonaws.com trusts everything under s3.amazonaws.com.
_PARENTS = frozenset(
    suffix.split(".", depth)[depth]
    for suffix in _HOSTING
    for depth in range(1, suffix.count(".") + 1)
)


def is_public_suffix(host: str) -> bool:
    """Whether strangers can have names directly or further down under `host`.

    True for `com`, `co.uk`, `github.io`, `amazonaws.com`; false for `shop.example`, `localhost`
    and what is under it.
    """
    if host == "localhost":
        return False
    return (
        "." not in host
        or host in _HOSTING
        or host in _PARENTS
        or _COUNTRY_SECOND_LEVEL.fullmatch(host) is not None
    )
