import { Anchor, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";

import type { ComparisonDetail } from "@/api/types";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";

import { useResample } from "./comparisonRequests";

interface Props {
  slug: string;
  comparison: ComparisonDetail;
}

/** Where a comparison stands: its state, what it took the place of, what took its place. */
export function Superseding({ slug, comparison }: Props) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const to = (id: number) => `/projects/${slug}/comparisons/${id}`;
  return (
    <Group justify="space-between" gap="sm">
      <Group gap="sm">
        <Text size="sm" c="dimmed">
          {t("comparisons.state")}: {t(`comparisons.states.${comparison.state}`)}
        </Text>
        {comparison.superseded_by !== null && (
          <Anchor size="sm" component={Link} to={to(comparison.superseded_by)}>
            {t("comparisons.resample.by", { id: comparison.superseded_by })}
          </Anchor>
        )}
        {comparison.supersedes !== null && (
          <Anchor size="sm" component={Link} to={to(comparison.supersedes)}>
            {t("comparisons.resample.of", { id: comparison.supersedes })}
          </Anchor>
        )}
      </Group>
      {comparison.state === "ready" && comparison.sampled_here && (
        <Button variant="default" onClick={() => setAsking(true)}>
          {t("comparisons.resample.ask")}
        </Button>
      )}
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t("comparisons.resample.title")}
      >
        <Confirmation slug={slug} comparison={comparison} onClose={() => setAsking(false)} />
      </Modal>
    </Group>
  );
}

function Confirmation({ slug, comparison, onClose }: Props & { onClose: () => void }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const navigate = useNavigate();
  const resample = useResample(slug);
  const begin = () =>
    resample.mutate(comparison.id, {
      onSuccess: ({ id }) => {
        toast(t("comparisons.resample.begun"));
        onClose();
        void navigate(`/projects/${slug}/comparisons/${id}`);
      },
    });
  return (
    <Stack>
      <Text size="sm">{t("comparisons.resample.how")}</Text>
      {comparison.rankings.length > 0 && (
        <Text size="sm">
          {t("comparisons.resample.ranked", { count: comparison.rankings.length })}
        </Text>
      )}
      {resample.isError && (
        <Text size="sm" c="red" role="alert">
          {errorText(resample.error)}
        </Text>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button loading={resample.isPending} onClick={begin} data-autofocus>
          {t("comparisons.resample.ask")}
        </Button>
      </Group>
    </Stack>
  );
}
