import { Alert, Button, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Assignment } from "@/api/types";
import { useErrorText } from "@/hooks/useErrorText";
import { usePageTitle } from "@/hooks/usePageTitle";
import { assignmentQuery } from "@/hooks/useWork";

import { PageFrame } from "../PageFrame";
import { StatePanel } from "../StatePanel";
import { toastFailure } from "../toast";
import { SensitiveCover } from "./SensitiveCover";

/** How often the reader sees what is written on the other page. */
const READ_MILLISECONDS = 10_000;

interface Props {
  slug: string;
  assignment: Assignment;
  /** Shows work of this kind to be read. */
  Reader: ComponentType<{ assignment: Assignment }>;
  onContinue: () => Promise<void>;
}

/** The work is open on another page: go on with it here, or only read what is written there. */
export function OpenElsewhere({ slug, assignment, Reader, onContinue }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const title = t(`kinds.${assignment.kind}`);
  usePageTitle(title);
  const [reading, setReading] = useState(false);
  const [taking, setTaking] = useState(false);
  const take = () => {
    setTaking(true);
    void onContinue()
      .catch((error: unknown) => toastFailure(errorText(error)))
      .finally(() => setTaking(false));
  };
  const buttons = (
    <Group>
      <Button loading={taking} onClick={take} data-autofocus>
        {t("work.continueHere")}
      </Button>
      {!reading && (assignment.conversation !== null || assignment.comparison !== null) && (
        <Button variant="default" onClick={() => setReading(true)}>
          {t("work.onlyRead")}
        </Button>
      )}
      <Button variant="subtle" color="gray" component={Link} to={`/projects/${slug}`}>
        {t("app.backHome")}
      </Button>
    </Group>
  );
  if (!reading) {
    return (
      <StatePanel title={t("work.elsewhereTitle")} hint={t("work.elsewhereHint")} role="alert">
        {buttons}
      </StatePanel>
    );
  }
  return (
    <PageFrame title={title}>
      <Alert color="orange" role="status" title={t("work.readOnlyNote")}>
        <Stack gap="sm">
          {t("work.readOnly")}
          {buttons}
        </Stack>
      </Alert>
      <WhatIsThere assignment={assignment} Reader={Reader} />
    </PageFrame>
  );
}

function WhatIsThere({ assignment, Reader }: Pick<Props, "assignment" | "Reader">) {
  const newest = useQuery({
    ...assignmentQuery(assignment.id),
    refetchOnMount: "always",
    refetchInterval: READ_MILLISECONDS,
  });
  const shown = newest.data ?? assignment;
  return (
    <SensitiveCover tags={shown.sensitivity}>
      <Reader assignment={shown} />
    </SensitiveCover>
  );
}
