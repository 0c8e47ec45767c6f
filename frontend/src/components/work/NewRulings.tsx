import { Alert } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment } from "@/api/types";

import { AskedAndAnswered } from "./AskedAndAnswered";

/** What leads ruled on such tasks since the person last began one, until they have read it. */
export function NewRulings({ rulings }: { rulings: Assignment["new_rulings"] }) {
  const { t } = useTranslation();
  const [read, setRead] = useState(false);
  if (read || rulings.length === 0) return null;
  return (
    <Alert
      color="accent"
      variant="light"
      mb="md"
      role="status"
      title={t("questions.newRulings", { count: rulings.length })}
      withCloseButton
      closeButtonLabel={t("questions.hideRulings")}
      onClose={() => setRead(true)}
    >
      {rulings.map((ruling) => (
        <AskedAndAnswered key={ruling.id} question={ruling} />
      ))}
    </Alert>
  );
}
