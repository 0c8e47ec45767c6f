"""The web app's one page, with the nonce its style elements need."""

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

NOT_BUILT = """<!doctype html><title>labelhub</title>
<p>The web app is not built yet. Run <code>make frontend</code>, then reload this page.</p>"""


@lru_cache(maxsize=1)
def _page(modified: float) -> str:
    return (settings.FRONTEND_DIST / "index.html").read_text()


@require_safe
@never_cache
@ensure_csrf_cookie
def index(request: HttpRequest) -> HttpResponse:
    built = settings.FRONTEND_DIST / "index.html"
    if not built.exists():
        return HttpResponse(NOT_BUILT, status=503)
    page = _page(built.stat().st_mtime)
    return HttpResponse(page.replace("__CSP_NONCE__", str(request.csp_nonce)))  # type: ignore[attr-defined]
