import { NumberInput, TagsInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

import {
  FINE_NUMBERS,
  isStop,
  isTokenId,
  isWhole,
  MOST_STOPS,
  paramBounds,
  stepOf,
  type NumberParam,
  type Params,
  type TextParam,
} from "./params";
import classes from "./Sampling.module.css";

interface Props {
  params: Params;
  onNumber: (field: NumberParam, value: number | string) => void;
  onTexts: (field: TextParam, values: string[]) => void;
  /** Also top-p, where nothing else on the page asks for it. */
  withTopP?: boolean;
}

/** The sampling params that few change. */
export function FineParams({ params, onNumber, onTexts, withTopP = false }: Props) {
  const { t } = useTranslation();
  const numbers: readonly NumberParam[] = withTopP ? ["topP", ...FINE_NUMBERS] : FINE_NUMBERS;
  return (
    <div className={classes.fine}>
      {numbers.map((field) => {
        const [least, most] = paramBounds(field);
        return (
          <NumberInput
            key={field}
            size="xs"
            label={t(`params.${field}`)}
            description={t(`params.hints.${field}`)}
            min={least}
            max={most}
            step={stepOf(field)}
            allowDecimal={!isWhole(field)}
            value={params[field]}
            onChange={(value) => onNumber(field, value)}
          />
        );
      })}
      <TagsInput
        size="xs"
        label={t("params.stop")}
        description={t("params.hints.stop")}
        maxTags={MOST_STOPS}
        splitChars={[]}
        acceptValueOnBlur
        value={[...params.stop]}
        onChange={(values) => onTexts("stop", values.filter(isStop))}
      />
      <TagsInput
        size="xs"
        label={t("params.stopTokenIds")}
        description={t("params.hints.stopTokenIds")}
        maxTags={MOST_STOPS}
        inputMode="numeric"
        value={[...params.stopTokenIds]}
        onChange={(values) => onTexts("stopTokenIds", values.filter(isTokenId))}
      />
    </div>
  );
}
