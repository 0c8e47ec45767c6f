import { Alert, Button, Checkbox, Stack, TagsInput, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Declaration } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageFrame, PageSection } from "@/components/PageFrame";
import { PageLoading } from "@/components/PageLoading";
import { toast } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { usePageTitle } from "@/hooks/usePageTitle";

import { declarationQuery, useDeclare } from "./requests";

/** What one works in: languages, and sensitive topics one agrees to see. */
export function DeclarationPage({ slug }: { slug: string }) {
  const { t } = useTranslation();
  usePageTitle(t("declaration.title"));
  const found = useQuery(declarationQuery(slug));
  if (found.isPending) return <PageLoading />;
  if (found.isLoadingError) {
    return <ErrorPanel error={found.error} onRetry={() => void found.refetch()} />;
  }
  return <DeclarationForm slug={slug} declared={found.data} />;
}

function DeclarationForm({ slug, declared }: { slug: string; declared: Declaration }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const declaring = useDeclare(slug);
  const [languages, setLanguages] = useState(declared.languages);
  const [topics, setTopics] = useState(declared.sensitivity_opt_ins);
  const all = [...new Set([...declared.sensitive_topics, ...declared.sensitivity_opt_ins])].sort();
  return (
    <PageFrame title={t("declaration.title")} hint={t("declaration.hint")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          declaring.mutate(
            { languages, sensitivity_opt_ins: topics },
            { onSuccess: () => toast(t("declaration.saved")) },
          );
        }}
      >
        <TagsInput
          label={t("declaration.languages")}
          description={t("declaration.languagesHint")}
          data={declared.languages_asked_for}
          value={languages}
          onChange={setLanguages}
        />
        <PageSection title={t("declaration.topics")}>
          {all.length === 0 ? (
            <Text size="sm">{t("declaration.noTopics")}</Text>
          ) : (
            <Checkbox.Group
              description={t("declaration.topicsHint")}
              descriptionProps={{ size: "sm" }}
              aria-label={t("declaration.topics")}
              value={topics}
              onChange={setTopics}
            >
              <Stack gap="xs" mt="sm">
                {all.map((topic) => (
                  <Checkbox key={topic} value={topic} label={topic.replaceAll("_", " ")} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
        </PageSection>
        {declaring.isError && (
          <Alert color="red" role="alert" mt="md">
            {errorText(declaring.error)}
          </Alert>
        )}
        <Button
          type="submit"
          mt="lg"
          disabled={languages.length === 0}
          loading={declaring.isPending}
        >
          {t("common.save")}
        </Button>
      </form>
    </PageFrame>
  );
}
