import { Alert, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";
import { useFormat } from "@/hooks/useFormat";
import { guidelineQuery, useAcknowledgeGuideline } from "@/hooks/useHome";

import { ErrorPanel } from "./ErrorPanel";
import { GuidelineChanges } from "./GuidelineChanges";
import { Markdown } from "./markdown/Markdown";
import { PageLoading } from "./PageLoading";
import { SideDrawer } from "./SideDrawer";

interface Props {
  slug: string;
  /** The version to show, or null while the drawer is closed. */
  guideline: number | null;
  onClose: () => void;
}

export function GuidelineDrawer({ slug, guideline, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <SideDrawer title={t("guideline.title")} opened={guideline !== null} onClose={onClose}>
      {guideline !== null && <GuidelineText slug={slug} id={guideline} onRead={onClose} />}
    </SideDrawer>
  );
}

function GuidelineText({ slug, id, onRead }: { slug: string; id: number; onRead: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const errorText = useErrorText();
  const guideline = useQuery(guidelineQuery(id));
  const acknowledge = useAcknowledgeGuideline(slug);
  if (guideline.isPending) return <PageLoading />;
  if (guideline.isLoadingError) {
    return (
      <ErrorPanel order={2} error={guideline.error} onRetry={() => void guideline.refetch()} />
    );
  }
  const { kind, version, published_at, markdown, acknowledged, read_before } = guideline.data;
  return (
    <>
      <Text size="sm" c="dimmed" mb="md">
        {t("guideline.about", {
          kind: t(`kinds.${kind}`),
          version,
          published: format.time(published_at),
        })}
      </Text>
      {read_before !== null && !acknowledged && (
        <GuidelineChanges version={read_before.version} from={read_before.markdown} to={markdown} />
      )}
      <Markdown text={markdown} />
      {acknowledge.isError && (
        <Alert color="red" role="alert" mt="md">
          {errorText(acknowledge.error)}
        </Alert>
      )}
      {!acknowledged && (
        <Group justify="flex-end" mt="lg">
          <Button
            loading={acknowledge.isPending}
            onClick={() => acknowledge.mutate(id, { onSuccess: onRead })}
          >
            {t("guideline.acknowledge")}
          </Button>
        </Group>
      )}
    </>
  );
}
