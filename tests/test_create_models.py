"""All tables of an app in one migration operation."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter

from labelhub.create_models import CreateModels


def two_that_refer_to_each_other() -> CreateModels:
    key = ("id", models.BigAutoField(primary_key=True))
    keeper = ("keeper", models.ForeignKey("shed.Keeper", models.CASCADE, null=True))
    home = ("home", models.ForeignKey("shed.Shed", models.CASCADE))
    return CreateModels(
        [
            migrations.CreateModel("Shed", [key, keeper]),
            migrations.CreateModel("Keeper", [(key[0], key[1].clone()), home]),
        ]
    )


@pytest.mark.django_db(transaction=True)
def test_tables_that_refer_to_each_other_come_and_go() -> None:
    before, after = ProjectState(), ProjectState()
    made = two_that_refer_to_each_other()
    made.state_forwards("shed", after)

    with connection.schema_editor() as editor:
        made.database_forwards("shed", editor, before, after)

    try:
        with connection.cursor() as cursor:
            assert {"shed_shed", "shed_keeper"} <= set(connection.introspection.table_names(cursor))
            keys = connection.introspection.get_constraints(cursor, "shed_shed").values()
        assert ("shed_keeper", "id") in [found["foreign_key"] for found in keys]
    finally:
        with connection.schema_editor() as editor:
            made.database_backwards("shed", editor, after, before)
    with connection.cursor() as cursor:
        assert not {"shed_shed", "shed_keeper"} & set(connection.introspection.table_names(cursor))


def test_models_rendered_before_know_the_new_ones() -> None:
    state = ProjectState()
    assert list(state.apps.get_models()) == []

    two_that_refer_to_each_other().state_forwards("shed", state)

    assert state.apps.get_model("shed", "Shed")._meta.get_field("keeper").remote_field.model is (
        state.apps.get_model("shed", "Keeper")
    )


def test_migrations_can_be_written_with_it() -> None:
    text, _ = OperationWriter(two_that_refer_to_each_other(), indentation=0).serialize()

    assert text.startswith("labelhub.create_models.CreateModels(\n    models=[")
    assert text.count("migrations.CreateModel(") == 2
