import { Alert, Button, Checkbox, Group, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";

import type { ConsentDocument } from "@/api/types";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Markdown } from "@/components/markdown/Markdown";
import { PageLoading } from "@/components/PageLoading";
import { useErrorText } from "@/hooks/useErrorText";
import { usePageTitle } from "@/hooks/usePageTitle";
import { useSignOut } from "@/hooks/useSession";

import classes from "./account.module.css";
import { consentQuery, useGiveConsent } from "./consent";
import { safeNext } from "./SignInPage";

const KNOWN_PURPOSES = ["training", "evaluation", "quality"] as const;

export function ConsentPage() {
  const { t } = useTranslation();
  usePageTitle(t("account.consentTitle"));
  const document = useQuery(consentQuery);
  if (document.isPending) return <PageLoading />;
  if (document.isLoadingError) {
    return (
      <main>
        <ErrorPanel error={document.error} onRetry={() => void document.refetch()} />
      </main>
    );
  }
  return <ConsentForm key={document.data.version} document={document.data} />;
}

function ConsentForm({ document }: { document: ConsentDocument }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const [purposes, setPurposes] = useState<string[]>([]);
  const [read, setRead] = useState(false);
  const giveConsent = useGiveConsent();
  const signOut = useSignOut();
  const errorText = useErrorText();

  // A document may name purposes of its own; those stand as they were written.
  const purposeName = (purpose: string) => {
    const known = KNOWN_PURPOSES.find((name) => name === purpose);
    return known === undefined ? purpose : t(`account.purposes.${known}`);
  };
  const agree = () => {
    giveConsent.mutate(
      { version: document.version, purposes },
      { onSuccess: () => void navigate(safeNext(search.get("next")), { replace: true }) },
    );
  };
  return (
    <main className={classes.document}>
      <Title order={1} dir="auto" className={classes.title} mb="lg">
        {document.title}
      </Title>
      <Markdown text={document.markdown} />
      <div className={classes.purposes}>
        <Checkbox.Group
          label={t("account.purposesLabel")}
          description={t("account.purposesHint")}
          value={purposes}
          onChange={setPurposes}
        >
          <Stack gap="sm" mt="sm">
            {document.purposes.map((purpose) => (
              <Checkbox key={purpose} value={purpose} label={purposeName(purpose)} />
            ))}
          </Stack>
        </Checkbox.Group>
      </div>
      <Checkbox
        checked={read}
        onChange={(event) => setRead(event.currentTarget.checked)}
        label={t("account.consentRead", { version: document.version })}
      />
      {giveConsent.isError && (
        <Alert color="red" role="alert" mt="md">
          {errorText(giveConsent.error)}
        </Alert>
      )}
      <Group mt="lg" justify="space-between">
        <Button
          variant="subtle"
          color="gray"
          onClick={() => signOut.mutate(undefined, { onSuccess: () => void navigate("/sign-in") })}
        >
          {t("account.decline")}
        </Button>
        <Button onClick={agree} disabled={!read} loading={giveConsent.isPending}>
          {t("account.agree")}
        </Button>
      </Group>
    </main>
  );
}
