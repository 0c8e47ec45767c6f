import { Button, Group, Loader, Modal, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Policy } from "@/api/types";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";

import { PolicyCheck } from "./PolicyCheck";
import { isBeingChecked, usePolicyStep, type PolicyStep } from "./requests";
import classes from "./Sampling.module.css";

interface Props {
  policy: Policy;
  onEdit: () => void;
}

/** One policy: what it is, what its check found, and what can be done with it. */
export function PolicyRow({ policy, onEdit }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const step = usePolicyStep(policy.id);
  const [retiring, setRetiring] = useState(false);
  const take = (next: PolicyStep) =>
    step.mutate(next, { onError: (error) => toastFailure(errorText(error)) });
  const facts = [
    t(`policies.sourceKinds.${policy.source_kind}`),
    policy.context_window_tokens !== null &&
      t("policies.facts.window", { tokens: format.number(policy.context_window_tokens) }),
    policy.parent !== null && t("policies.facts.parent", { name: policy.parent.name }),
    policy.trained_on !== "" && t("policies.facts.trainedOn", { what: policy.trained_on }),
    policy.output_licence,
  ].filter((fact) => fact !== false && fact !== "");
  const passed = policy.check_result?.state === "passed";
  return (
    <li className={classes.row}>
      <div className={classes.rowText}>
        <Group gap="xs">
          <span className={classes.policyName}>{policy.name}</span>
          <span className={classes.state} data-state={policy.state}>
            {t(`policies.states.${policy.state}`)}
          </span>
          {isBeingChecked(policy) && <Loader size={14} aria-hidden="true" />}
        </Group>
        <Text size="sm" className={classes.source}>
          {policy.source}
          {policy.revision !== "" && ` @ ${policy.revision}`}
        </Text>
        <Text size="sm" c="dimmed">
          {facts.join(" · ")}
        </Text>
        {policy.check_result !== null && <PolicyCheck check={policy.check_result} />}
      </div>
      <Group gap="xs" className={classes.rowButtons}>
        {policy.state !== "active" && passed && (
          <Button size="compact-md" loading={step.isPending} onClick={() => take("activate")}>
            {t("policies.activate")}
          </Button>
        )}
        <Button variant="default" size="compact-md" onClick={onEdit}>
          {t("policies.edit")}
        </Button>
        {!isBeingChecked(policy) && (
          <Button
            variant="default"
            size="compact-md"
            loading={step.isPending && step.variables === "check"}
            onClick={() => take("check")}
          >
            {t("policies.check")}
          </Button>
        )}
        {policy.state === "active" && (
          <Button variant="subtle" color="gray" size="compact-md" onClick={() => setRetiring(true)}>
            {t("policies.retire")}
          </Button>
        )}
      </Group>
      <Modal
        opened={retiring}
        onClose={() => setRetiring(false)}
        title={t("policies.retireTitle", { name: policy.name })}
      >
        <Text size="sm">{t("policies.retireHint")}</Text>
        <Group justify="space-between" mt="lg">
          <Button variant="subtle" color="gray" onClick={() => setRetiring(false)}>
            {t("common.cancel")}
          </Button>
          <Button
            color="red"
            onClick={() => {
              setRetiring(false);
              take("retire");
            }}
          >
            {t("policies.retire")}
          </Button>
        </Group>
      </Modal>
    </li>
  );
}
