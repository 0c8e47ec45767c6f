import { Alert, Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "@/api/errors";
import type { Recipe, RecipeContents } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";
import { useSession } from "@/hooks/useSession";

import { freshContents, freshSource, KINDS, type Kind } from "./contents";
import { FileFields } from "./FileFields";
import { useSaveRecipe } from "./requests";
import { ScreeningFields } from "./ScreeningFields";
import { SourceFields } from "./SourceFields";

interface Props {
  slug: string;
  /** Null for a new one. */
  recipe: Recipe | null;
  onClose: () => void;
}

/** Declares a recipe, or changes one; versions that were frozen keep what they were made by. */
export function RecipeForm({ slug, recipe, onClose }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const { data: me } = useSession();
  const save = useSaveRecipe(slug, recipe);
  const [name, setName] = useState(recipe?.name ?? "");
  const [kind, setKind] = useState<Kind>(recipe?.kind ?? "sft");
  const [contents, setContents] = useState<RecipeContents>(recipe?.contents ?? freshContents(slug));
  const faults = save.error instanceof ApiError ? save.error.fields : {};
  const managed = (me?.memberships ?? [])
    .filter(({ role }) => role === "manager")
    .map(({ project }) => project);
  const named = contents.sources.map(({ project }) => ({ slug: project, name: project }));
  // A source may be of a project that somebody else manages; it is shown as it stands.
  const projects = [
    ...managed,
    ...named.filter(
      ({ slug: one }, place) =>
        named.findIndex((other) => other.slug === one) === place &&
        managed.every((project) => project.slug !== one),
    ),
  ];
  const change = (fields: Partial<RecipeContents>) =>
    setContents((before) => ({ ...before, ...fields }));

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    save.mutate({ name, kind, contents }, { onSuccess: onClose });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={
        recipe === null
          ? t("recipes.form.newTitle")
          : t("recipes.form.editTitle", { name: recipe.name })
      }
    >
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label={t("recipes.form.name")}
            description={t("recipes.form.nameHint")}
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faults.name?.[0]}
            data-autofocus
          />
          <Select
            label={t("recipes.form.kind")}
            data={KINDS.map((value) => ({ value, label: t(`recipes.kinds.${value}`) }))}
            value={kind}
            allowDeselect={false}
            onChange={(value) => {
              const chosen = KINDS.find((known) => known === value) ?? "sft";
              setKind(chosen);
              change({
                file: { format: chosen === "sft" ? "messages" : "ranking" },
                // What one kind takes by name the other has not.
                sources: contents.sources.map((source) => ({ ...source, origins: "all" as const })),
              });
            }}
          />
          <div>
            <Text fw={600}>{t("recipes.form.sources")}</Text>
            <Text size="sm" c="dimmed">
              {t("recipes.form.sourcesHint")}
            </Text>
          </div>
          {contents.sources.map((source, place) => (
            <SourceFields
              // Sources have no name of their own that lasts; they are told apart by their place.
              key={place}
              source={source}
              projects={projects}
              kind={kind}
              onRemove={
                contents.sources.length === 1
                  ? null
                  : () => change({ sources: contents.sources.filter((_, at) => at !== place) })
              }
              onChange={(changed) =>
                change({
                  sources: contents.sources.map((one, at) => (at === place ? changed : one)),
                })
              }
            />
          ))}
          <Group>
            <Button
              variant="default"
              size="sm"
              onClick={() =>
                change({
                  sources: [...contents.sources, freshSource(slug, contents.sources.length + 1)],
                })
              }
            >
              {t("recipes.form.addSource")}
            </Button>
          </Group>
          <ScreeningFields slug={slug} kind={kind} contents={contents} onChange={change} />
          <FileFields
            slug={slug}
            kind={kind}
            contents={contents}
            faults={faults}
            onChange={change}
          />
          {save.isError && (
            <Alert color="red" role="alert">
              {errorText(save.error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t("recipes.form.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
