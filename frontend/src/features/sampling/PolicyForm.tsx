import {
  Alert,
  Button,
  Group,
  Modal,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "@/api/errors";
import type { Policy } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";

import { useEditPolicy, useRegisterPolicy } from "./requests";

interface Props {
  /** Null for a new one. */
  policy: Policy | null;
  policies: readonly Policy[];
  onClose: () => void;
}

const LEAST_WINDOW = 64;
const NONE = "";

/** Registers a policy, or changes one; a policy that has served keeps its files. */
export function PolicyForm({ policy, policies, onClose }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const register = useRegisterPolicy();
  const edit = useEditPolicy(policy?.id ?? 0);
  const { isPending, isError, error } = policy === null ? register : edit;
  const [fields, setFields] = useState({
    name: policy?.name ?? "",
    source: policy?.source ?? "",
    revision: policy?.revision ?? "",
    tokenizer_source: policy?.tokenizer_source ?? "",
    api_key_variable: policy?.api_key_variable ?? "",
    output_licence: policy?.output_licence ?? "",
    trained_on: policy?.trained_on ?? "",
  });
  const [window, setWindow] = useState<number | string>(policy?.context_window_tokens ?? "");
  const [parent, setParent] = useState(policy?.parent ? String(policy.parent.id) : NONE);
  const faults = error instanceof ApiError ? error.fields : {};
  const hasServed = policy !== null && policy.activated_at !== null;
  const isServer = fields.source.startsWith("openai:");

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const { source, revision, tokenizer_source, ...rest } = fields;
    const common = {
      ...rest,
      context_window_tokens: typeof window === "number" ? window : null,
      parent: parent === NONE ? null : Number(parent),
    };
    const files = { source, revision, tokenizer_source };
    if (policy === null) register.mutate({ ...common, ...files }, { onSuccess: onClose });
    else edit.mutate(hasServed ? common : { ...common, ...files }, { onSuccess: onClose });
  };
  const text = (name: keyof typeof fields, label: string, hint?: string, disabled = false) => (
    <TextInput
      label={label}
      description={hint}
      disabled={disabled}
      value={fields[name]}
      onChange={(event) => {
        const { value } = event.currentTarget;
        setFields((before) => ({ ...before, [name]: value }));
      }}
      error={faults[name]?.[0]}
      required={name === "name" || name === "source"}
      data-autofocus={name === "name" ? true : undefined}
    />
  );
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={
        policy === null ? t("policies.register") : t("policies.editTitle", { name: policy.name })
      }
    >
      <form onSubmit={submit}>
        <Stack>
          {policy === null && (
            <Text size="sm" c="dimmed">
              {t("policies.registerHint")}
            </Text>
          )}
          {text("name", t("policies.name"))}
          {text(
            "source",
            t("policies.source"),
            t(hasServed ? "policies.sourceFixed" : "policies.sourceHint"),
            hasServed,
          )}
          {!isServer &&
            text("revision", t("policies.revision"), t("policies.revisionHint"), hasServed)}
          {isServer &&
            text(
              "tokenizer_source",
              t("policies.tokenizer"),
              t("policies.tokenizerHint"),
              hasServed,
            )}
          {isServer &&
            text("api_key_variable", t("policies.keyVariable"), t("policies.keyVariableHint"))}
          <NumberInput
            label={t("policies.window")}
            description={t("policies.windowHint")}
            min={LEAST_WINDOW}
            allowDecimal={false}
            value={window}
            onChange={setWindow}
            error={faults.context_window_tokens?.[0]}
          />
          <Select
            label={t("policies.parent")}
            data={[
              { value: NONE, label: t("policies.noParent") },
              ...policies
                .filter(({ id }) => id !== policy?.id)
                .map(({ id, name }) => ({ value: String(id), label: name })),
            ]}
            value={parent}
            allowDeselect={false}
            onChange={(value) => setParent(value ?? NONE)}
          />
          {text("trained_on", t("policies.trainedOn"), t("policies.trainedOnHint"))}
          {text("output_licence", t("policies.licence"))}
          {isError && (
            <Alert color="red" role="alert">
              {errorText(error)}
            </Alert>
          )}
          <Group justify="space-between">
            <Button variant="subtle" color="gray" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={isPending}>
              {t(policy === null ? "policies.register" : "policies.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
