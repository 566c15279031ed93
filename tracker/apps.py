from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class TrackerConfig(AppConfig):
    name = "tracker"


class DeskAdminConfig(AdminConfig):
    default_site = "tracker.desk.site.Desk"
