"""Every address labelhub answers."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from labelhub import health, metrics, webapp
from labelhub.accounts.views import admin_login

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("admin/login/", admin_login),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api_docs.html"),
        name="docs",
    ),
    path("api/v1/", include("labelhub.accounts.urls")),
    path("api/v1/", include("sampling.urls")),
    path("api/v1/", include("annotation.urls")),
    path("files/", include("annotation.file_urls")),
    # Everything else is a page of the web app, which does its own routing.
    re_path(r"^(?!api/|admin/|static/|files/).*$", webapp.index, name="webapp"),
]
handler400 = "labelhub.errors.bad_request"
handler403 = "labelhub.errors.permission_denied"
handler404 = "labelhub.errors.not_found"
handler500 = "labelhub.errors.server_error"
