import { Alert, Button, Group, NumberInput, Select, Textarea, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type RefObject, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";

import { isEnded } from "@/api/generationProgress";
import { cancelGeneration } from "@/api/generations";
import report from "@/components/report/Report.module.css";
import { toastFailure } from "@/components/toast";
import { useErrorText } from "@/hooks/useErrorText";
import { useGeneration } from "@/hooks/useGeneration";

import { FineParams } from "./FineParams";
import {
  areGoodParams,
  asParamsRequest,
  isWhole,
  paramBounds,
  stepOf,
  USUAL,
  type Params,
} from "./params";
import { policiesQuery, useProbe } from "./requests";
import classes from "./Sampling.module.css";

interface Props {
  slug: string;
  inputRef: RefObject<HTMLTextAreaElement | null>;
}

const FIRST: Params = { ...USUAL, maxTokens: 256 };

/** Asks a policy something; the text streams as a draft's would and is kept out of everything. */
export function ProbeBox({ slug, inputRef }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const policies = useQuery(policiesQuery);
  const probe = useProbe(slug);
  const [chosen, setChosen] = useState<string | null>(null);
  const [prompt, setPrompt] = useState("");
  const [system, setSystem] = useState("");
  const [params, setParams] = useState(FIRST);
  const [more, setMore] = useState(false);
  const [generation, setGeneration] = useState<number | null>(null);
  const progress = useGeneration(generation);
  const choices = (policies.data ?? [])
    .filter(({ state }) => state === "active")
    .map(({ id, name }) => ({ value: String(id), label: name }));
  const policy = chosen ?? choices[0]?.value ?? null;
  const writing = generation !== null && !isEnded(progress);
  const ready = policy !== null && prompt.trim() !== "" && areGoodParams(params);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!ready || writing) return;
    probe.mutate(
      { policy: Number(policy), prompt, system, ...asParamsRequest(params) },
      { onSuccess: ({ id }) => setGeneration(id) },
    );
  };
  return (
    <section aria-labelledby="sampling-probe">
      <Title order={2} id="sampling-probe" className={report.heading}>
        {t("samplingPage.tryPrompt")}
      </Title>
      <form onSubmit={submit} className={classes.probe}>
        <Group align="end" gap="sm">
          <Select
            label={t("samplingPage.policy")}
            data={choices}
            value={policy}
            allowDeselect={false}
            onChange={setChosen}
            disabled={choices.length === 0}
            placeholder={t("samplingPage.noActivePolicy")}
            className={classes.probePolicy}
          />
          {(["temperature", "maxTokens"] as const).map((field) => {
            const [least, most] = paramBounds(field);
            return (
              <NumberInput
                key={field}
                label={t(`params.${field}`)}
                min={least}
                max={most}
                step={stepOf(field)}
                allowDecimal={!isWhole(field)}
                value={params[field]}
                onChange={(value) => setParams({ ...params, [field]: value })}
                w={120}
              />
            );
          })}
          <Button variant="subtle" aria-expanded={more} onClick={() => setMore(!more)}>
            {more ? t("params.less") : t("params.more")}
          </Button>
        </Group>
        {more && (
          <FineParams
            params={params}
            onNumber={(field, value) => setParams({ ...params, [field]: value })}
            onTexts={(field, values) => setParams({ ...params, [field]: values })}
            withTopP
          />
        )}
        <Textarea
          label={t("samplingPage.system")}
          autosize
          minRows={1}
          maxRows={4}
          dir="auto"
          value={system}
          onChange={(event) => setSystem(event.currentTarget.value)}
        />
        <Textarea
          ref={inputRef}
          label={t("samplingPage.prompt")}
          autosize
          minRows={2}
          maxRows={12}
          dir="auto"
          value={prompt}
          onChange={(event) => setPrompt(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) submit(event);
          }}
        />
        <Group justify="end">
          {writing && (
            <Button
              variant="default"
              onClick={() => {
                cancelGeneration(generation).catch((error: unknown) =>
                  toastFailure(errorText(error)),
                );
              }}
            >
              {t("samplingPage.stop")}
            </Button>
          )}
          <Button type="submit" disabled={!ready || writing} loading={probe.isPending}>
            {t("samplingPage.ask")}
          </Button>
        </Group>
      </form>
      {probe.isError && (
        <Alert color="red" role="alert" mt="sm">
          {errorText(probe.error)}
        </Alert>
      )}
      {generation !== null && (
        <div className={classes.reply} aria-live="polite" aria-busy={writing}>
          {progress.error !== null ? (
            <Alert color="red" role="alert">
              {progress.error.detail}
            </Alert>
          ) : (
            <p dir="auto">{progress.completions[0]?.text ?? t("samplingPage.waitingForReply")}</p>
          )}
        </div>
      )}
    </section>
  );
}
