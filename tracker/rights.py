"""Who may do what: the three groups of the desk, over all apps. Superusers look after accounts."""

from django.contrib.auth.management import create_permissions

READER, EDITOR, SENIOR_EDITOR = "Reader", "Editor", "Senior editor"
APPS = ("deals", "ingest", "alerts")

# app → action → models. What no line names, nobody but a superuser may do; the history is not changed even by one.
_EDITING = {
    "deals": {
        "add": "company companyalias parentage source sourcealias sourcedomain deal claim party report evidence "
        "term statuschange",
        "change": "company companyalias parentage source sourcealias sourcedomain deal claim party report evidence "
        "snapshot term",
        # The database refuses to delete what anything else names.
        "delete": "company companyalias parentage source sourcealias sourcedomain deal claim party report",
    },
    "ingest": {
        "add": "feed entry suggestion searchtemplate claimsearch sourcearticles",
        "change": "feed entry suggestion searchtemplate claimsearch sourcearticles article reportnotice",
        "delete": "searchtemplate claimsearch sourcearticles",
    },
    "alerts": {"add": "subscriber subscription", "change": "subscriber subscription alert delivery"},
}
_EDITOR = {
    (app, f"{action}_{model}")
    for app, actions in _EDITING.items()
    for action, models in actions.items()
    for model in models.split()
}
_SENIOR = _EDITOR | {
    ("deals", "override_status"),
    ("deals", "undo_others"),
    ("alerts", "delete_subscriber"),
    ("alerts", "delete_subscription"),
}
# Beside the apps' own rows: an owner is picked by name (the user pages show readers no more than the name).
_READER = {("auth", "view_user")}


def give(apps, schema_editor) -> None:
    """A migration's step that gives the groups their rights; permissions are made first, for `migrate` makes them only
    at its end.
    """
    for label in ("auth", *APPS):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, using=schema_editor.connection.alias, verbosity=0)
        config.models_module = None
    write_groups(apps)


def write_groups(apps) -> None:
    """Make the groups and set their rights to this table; safe to repeat. Takes the app registry, or a migration's.

    Rights on tables that do not exist yet are left out: the migration that makes such a table calls this again.
    """
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    held = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in Permission.objects.select_related("content_type")
    }
    seeing = _READER | {key for key in held if key[0] in APPS and key[1].startswith("view_")}
    for name, rights in ((READER, seeing), (EDITOR, seeing | _EDITOR), (SENIOR_EDITOR, seeing | _SENIOR)):
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set([permission for key, permission in held.items() if key in rights])
