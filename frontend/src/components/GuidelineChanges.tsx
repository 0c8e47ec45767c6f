import { Alert, Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

const WordDiff = lazy(() => import("./WordDiff"));

interface Props {
  version: number;
  from: string;
  to: string;
}

/** Says that the guideline changed since the person last read one, and shows how. */
export function GuidelineChanges({ version, from, to }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <Alert variant="light" mb="md" title={t("guideline.changedSince", { version })}>
      <Button
        variant="default"
        size="compact-md"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {open ? t("guideline.hideChanges") : t("guideline.showChanges")}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <WordDiff from={from} to={to} />
        </Suspense>
      )}
    </Alert>
  );
}
