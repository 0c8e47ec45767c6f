import { Group, NumberInput } from "@mantine/core";

interface Props {
  hoursLabel: string;
  minutesLabel: string;
  seconds: number;
  onChange: (seconds: number) => void;
}

const HOUR_SECONDS = 3_600;
const MINUTE_SECONDS = 60;
const MINUTES_AN_HOUR = 60;

/** A length of time within a day, in hours and minutes. */
export function DurationInput({ hoursLabel, minutesLabel, seconds, onChange }: Props) {
  // Rounded first: 59 minutes and 40 seconds are an hour, not 60 minutes.
  const allMinutes = Math.round(seconds / MINUTE_SECONDS);
  const hours = Math.floor(allMinutes / MINUTES_AN_HOUR);
  const minutes = allMinutes % MINUTES_AN_HOUR;
  const change = (nextHours: number, nextMinutes: number) =>
    onChange(nextHours * HOUR_SECONDS + nextMinutes * MINUTE_SECONDS);
  return (
    <Group gap="xs" align="flex-end">
      <NumberInput
        label={hoursLabel}
        w={140}
        min={0}
        max={23}
        allowDecimal={false}
        value={hours}
        onChange={(value) => change(Number(value) || 0, minutes)}
      />
      <NumberInput
        label={minutesLabel}
        w={140}
        min={0}
        max={59}
        allowDecimal={false}
        value={minutes}
        onChange={(value) => change(hours, Number(value) || 0)}
      />
    </Group>
  );
}
