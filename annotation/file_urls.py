from django.urls import URLPattern, path

from annotation.views import files

urlpatterns: list[URLPattern] = [path("<str:link>/<str:name>", files.file, name="file")]
