import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import type { Sampling } from "@/api/types";
import { samplingQuery } from "@/hooks/useHome";

const AWAITED_POLL_MILLISECONDS = 5_000;

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

/** The notice of a project that a page is about. */
export function LateSampling({ slug }: { slug: string }) {
  const sampling = useQuery(samplingQuery(slug));
  return sampling.data ? <SamplingNotice sampling={sampling.data} /> : null;
}

/** The notice in the place of a draft or a reply that somebody waits for, who is told within seconds. */
export function AwaitedSampling({ slug }: { slug: string }) {
  const sampling = useQuery({
    ...samplingQuery(slug),
    refetchInterval: AWAITED_POLL_MILLISECONDS,
  });
  return sampling.data ? <SamplingNotice sampling={sampling.data} /> : null;
}
