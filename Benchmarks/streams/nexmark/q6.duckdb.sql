SELECT Q.seller, SUM(Q.final) OVER w // COUNT(*) OVER w AS average
FROM (
  SELECT id, seller, price AS final, bidTime AS dateTime
  FROM (
    SELECT A.id, A.seller, B.price, B.dateTime AS bidTime,
      ROW_NUMBER() OVER (PARTITION BY A.id, A.seller ORDER BY B.price DESC, B.dateTime ASC) AS rownum
    FROM auction AS A, bid AS B
    WHERE A.id = B.auction AND B.dateTime BETWEEN A.dateTime AND A.expires
  ) AS ranked
  WHERE rownum <= 1
) AS Q
WINDOW w AS (PARTITION BY Q.seller ORDER BY Q.dateTime, Q.id ROWS BETWEEN 10 PRECEDING AND CURRENT ROW)
