import { Alert } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Sampling } from "@/api/types";

interface Props {
  sampling: Sampling;
}

/** Says that drafts and replies are late, and that everything else goes on. Silent while all is well. */
export function SamplingNotice({ sampling }: Props) {
  const { t } = useTranslation();
  if (sampling.state === "ok") return null;
  return (
    <Alert color="orange" variant="light" role="status" mb="lg" title={t("sampling.title")}>
      {t(sampling.state === "down" ? "sampling.down" : "sampling.delayed")}
    </Alert>
  );
}
