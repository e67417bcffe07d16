WITH counts AS (
  SELECT auction, w, COUNT(*) AS num
  FROM (SELECT auction, time_bucket(INTERVAL 2 SECOND, dateTime) - INTERVAL 2 SECOND * unnest(range(5)) AS w FROM bid)
  GROUP BY auction, w
)
SELECT auction, num FROM counts QUALIFY num = MAX(num) OVER (PARTITION BY w)
